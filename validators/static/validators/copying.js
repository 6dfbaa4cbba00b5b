// A button that copies beside each key. Without JavaScript, or where a browser lets no page copy, there is none.

const SHOWN_MS = 2_000;
const said = document.createElement("p");
said.className = "unseen";
said.setAttribute("role", "status");

function offer(key) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy the ${key.dataset.copy}`);
  button.addEventListener("click", async () => {
    let told = "Copied";
    try {
      await navigator.clipboard.writeText(key.textContent);
    } catch {
      told = "Not copied";
    }
    button.textContent = told;
    said.textContent = `${told}: ${key.dataset.copy}`;
    setTimeout(() => {
      button.textContent = "Copy";
      said.textContent = "";
    }, SHOWN_MS);
  });
  key.after(" ", button);
}

if (navigator.clipboard) {
  document.body.append(said);
  document.querySelectorAll("[data-copy]").forEach(offer);
}
