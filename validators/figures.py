"""Numbers as every sentence, page and list writes them. Pure; nothing is ever written as minus nothing."""


def decimal(number: float, places: int) -> str:
    """To so many places, in groups of thousands."""
    return f"{number:z,.{places}f}"


def percent(fraction: float, places: int = 2) -> str:
    return f"{decimal(fraction * 100, places)} %"


def bps_percent(bps: float) -> str:
    """Basis points as percent: 750 is 7.5 %."""
    return f"{bps / 100:g} %"


def signed(points: float, places: int = 1) -> str:
    """What is nothing has no sign."""
    text, nothing = f"{points:+z,.{places}f}", f"{0:.{places}f}"
    return nothing if text == f"+{nothing}" else text


def grouped(number: int) -> str:
    return f"{number:,}"


def number_or_none(number: int) -> str:
    """In a sentence: of none of them, of 1,493 of them."""
    return grouped(number) if number else "none"
