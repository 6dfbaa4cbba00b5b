"""What a method's scores would have been worth: measures of foresight and of returns. Pure."""
