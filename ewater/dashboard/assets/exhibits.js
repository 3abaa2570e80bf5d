// Menus of exhibits: closed by Escape, by a click beside them and after a choice;
// pictures are drawn here, from what the page shows, and go nowhere else.
(function () {
  const open = () => document.querySelectorAll(".exhibit-menu[open]");

  function close(focus) {
    open().forEach(function (menu) {
      menu.open = false;
      if (focus) menu.querySelector("summary").focus();
    });
  }

  function picture(button) {
    const name = button.dataset.name;
    const plot = document.querySelector("#" + name + "-whole .js-plotly-plot");
    if (!plot || !window.Plotly) return;
    const box = plot.getBoundingClientRect();
    window.Plotly.downloadImage(plot, {
      format: button.dataset.picture,
      filename: name,
      width: Math.round(box.width) || 1200,
      height: Math.round(box.height) || 600,
      scale: button.dataset.picture === "png" ? 2 : 1,
    });
  }

  document.addEventListener("click", function (event) {
    const target = event.target.closest ? event.target : null;
    if (!target) return;
    const asked = target.closest("[data-explain]");
    if (asked) {
      const data = { ...JSON.parse(asked.dataset.explain), at: Date.now() };
      window.dash_clientside.set_props("explain-asked", { data: data });
    }
    const chosen = target.closest(".menu-item");
    if (chosen && chosen.dataset.picture) picture(chosen);
    const inside = target.closest(".exhibit-menu");
    open().forEach(function (menu) {
      if (menu !== inside || chosen) menu.open = false;
    });
  });

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") return close(true);
    const menu = event.target.closest ? event.target.closest(".exhibit-menu[open]") : null;
    if (!menu || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    const items = [...menu.querySelectorAll(".menu-item")];
    const step = event.key === "ArrowDown" ? 1 : -1;
    const at = items.indexOf(document.activeElement);
    items[(at + step + items.length) % items.length].focus();
    event.preventDefault();
  });
})();
