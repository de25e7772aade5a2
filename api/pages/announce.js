// Sentences for everybody: a note at the bottom of the screen, and one for screen readers alone.

const note = document.getElementById("notice");
const spoken = document.getElementById("spoken");
let timer = 0;

/** Shows a sentence for a while; `bad` when something went wrong. */
export function notice(text, bad = false) {
  clearTimeout(timer);
  note.classList.toggle("bad", bad);
  note.textContent = text;
  timer = setTimeout(() => { note.textContent = ""; }, Math.max(5000, text.length * 90));
}

export const failed = (error) => notice(error.message, true);

/** Says something to those who listen only, such as a count that changed. */
export function speak(text) {
  spoken.textContent = text;
}
