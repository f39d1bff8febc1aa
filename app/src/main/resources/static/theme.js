// Before the first paint, so that no page flashes in the wrong colours. "auto" follows the system.
(() => {
  const theme = localStorage.getItem("lathe.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
