// While the server computes, a line under the header moves: nobody takes a panel that
// is still empty for one without data.
(function () {
  const ask = window.fetch.bind(window);
  const LATER = 250; // ms: what is answered at once needs no line
  let under_way = 0;
  function show() {
    const busy = under_way > 0;
    document.documentElement.toggleAttribute("data-busy", busy);
    const content = document.getElementById("content");
    if (content) content.setAttribute("aria-busy", String(busy));
  }
  window.fetch = async function (resource, options) {
    const address = typeof resource === "string" ? resource : resource.url || "";
    if (!address.includes("_dash-update-component")) return ask(resource, options);
    under_way += 1;
    setTimeout(show, LATER);
    try {
      return await ask(resource, options);
    } finally {
      under_way -= 1;
      if (!under_way) setTimeout(show, 0);
    }
  };
})();
