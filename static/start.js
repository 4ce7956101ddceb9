// Starts the dashboard: sets the theme before anything is painted, then loads the WebAssembly program. A file of its own,
// because the content security policy allows no inline script.
const choice = (() => {
  try {
    return localStorage.getItem("sightline.theme");
  } catch {
    return null;
  }
})();
document.documentElement.dataset.theme = ["dark", "light", "auto"].includes(choice) ? choice : "dark";

const { js, wasm } = document.querySelector("script[data-js]").dataset;
try {
  const program = await import(js);
  await program.default({ module_or_path: wasm });
} catch (error) {
  const note = document.createElement("p");
  note.className = "plain-note";
  note.setAttribute("role", "alert");
  note.textContent =
    "The dashboard could not be started. It needs a browser of 2023 or later with WebAssembly; " +
    "if yours is one, reload the page. What the browser said: " + error;
  document.body.append(note);
}
