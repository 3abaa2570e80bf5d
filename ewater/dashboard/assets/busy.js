// While the server computes, a line under the header moves: nobody takes a panel that
// is still empty for one without data.
(function () {
  const ask = window.fetch.bind(window);
  const LATER = 250; // ms: what is answered at once needs no line
  const LONG = 1500; // ms: after that it is said in words what is waited for
  let under_way = 0;
  let since = 0; // ms, when the first of those under way began
  function tell() {
    const words = document.getElementById("busy");
    if (!words) return;
    const long = under_way > 0 && performance.now() - since >= LONG - 50;
    const what = document.getElementById("busy-what");
    const title = document.getElementById("title");
    if (long && what && title) what.textContent = title.textContent;
    words.hidden = !long;
  }
  function show() {
    const busy = under_way > 0;
    document.documentElement.toggleAttribute("data-busy", busy);
    const content = document.getElementById("content");
    if (content) content.setAttribute("aria-busy", String(busy));
    tell();
  }
  window.fetch = async function (resource, options) {
    const address = typeof resource === "string" ? resource : resource.url || "";
    if (!address.includes("_dash-update-component")) return ask(resource, options);
    if (!under_way) since = performance.now();
    under_way += 1;
    setTimeout(show, LATER);
    setTimeout(tell, LONG);
    try {
      return await ask(resource, options);
    } finally {
      under_way -= 1;
      if (!under_way) setTimeout(show, 0);
    }
  };
})();
