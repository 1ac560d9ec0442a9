// Fetches the figures again and puts them in the place of the old ones.
const main = document.querySelector("main");
const note = document.querySelector("#note");
let refreshed = 0;
async function refresh() {
  try {
    const answer = await fetch("/figures", { cache: "no-store" });
    const text = await answer.text();
    if (answer.ok || main.querySelector(".trouble")) {
      main.innerHTML = text;
      note.textContent = "";
      main.dataset.refreshed = ++refreshed;
    } else {
      note.textContent = "The database does not answer; these are the last known figures.";
    }
  } catch {
    note.textContent = "The dashboard has ended; these are its last figures.";
  }
  setTimeout(refresh, document.hidden ? 10000 : 2000);
}
setTimeout(refresh, 2000);
