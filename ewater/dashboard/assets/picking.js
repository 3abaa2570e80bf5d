// A button beside a field for a day or a time opens the browser's own picker, in the
// browser's language; what is picked is written into the field, which takes any time
// that is typed as well. Times are picked in UTC, days as they are.
(function () {
  function shown(kind, typed) {
    const text = typed.trim().replace(/^(\d{1,2})\.(\d{1,2})\.(\d{4})/, function (_, day, month, year) {
      return year + "-" + month.padStart(2, "0") + "-" + day.padStart(2, "0");
    });
    if (kind === "date") return text;
    const moment = new Date(text.replace(" UTC", "Z").replace(" ", "T"));
    return isNaN(moment) ? "" : moment.toISOString().slice(0, 16);
  }

  function picker(button) {
    const found = button.parentElement.querySelector(".picker");
    if (found) return found;
    const made = document.createElement("input");
    made.type = button.dataset.kind;
    made.className = "picker";
    made.tabIndex = -1;
    made.setAttribute("aria-hidden", "true");
    made.addEventListener("change", function () {
      if (!made.value) return;
      const text = made.type === "date" ? made.value : made.value.replace("T", " ") + " UTC";
      const submitted = button.dataset.submits ? { n_submit: Date.now() } : {};
      window.dash_clientside.set_props(button.dataset.picks, { value: text, ...submitted });
    });
    button.after(made);
    return made;
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest ? event.target.closest("[data-picks]") : null;
    if (!button) return;
    const field = document.getElementById(button.dataset.picks);
    const made = picker(button);
    made.value = field ? shown(made.type, field.value) : "";
    if (made.showPicker) made.showPicker();
  });
})();
