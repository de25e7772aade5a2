// Notices: one at the bottom of the screen, and one for screen readers only.

const note = document.getElementById("notice");
const spoken = document.getElementById("spoken");
let timer = 0;

/** Shows a notice for a while; `bad` marks an error. */
export function notice(text, bad = false) {
  clearTimeout(timer);
  note.classList.toggle("bad", bad);
  note.textContent = text;
  timer = setTimeout(() => { note.textContent = ""; }, Math.max(5000, text.length * 90));
}

export const failed = (error) => notice(error.message, true);

/** Announces something to screen readers only, such as a changed count. */
export function speak(text) {
  spoken.textContent = text;
}
