// What came as text (dashboard/still.py) is put in place as soon as its box is there,
// and a link in it goes on within the application.
(function () {
  const place = function (box) {
    if (box.dataset.still !== undefined) box.innerHTML = box.dataset.still;
  };

  new MutationObserver(function (changes) {
    changes.forEach(function (change) {
      if (change.type === "attributes") place(change.target);
      change.addedNodes.forEach(function (node) {
        if (node.nodeType !== Node.ELEMENT_NODE) return;
        if (node.matches("[data-still]")) place(node);
        node.querySelectorAll("[data-still]").forEach(place);
      });
    });
  }).observe(document.documentElement, {
    attributeFilter: ["data-still"],
    childList: true,
    subtree: true,
  });

  document.addEventListener("click", function (event) {
    const link = event.target.closest ? event.target.closest("a[data-within]") : null;
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    window.history.pushState({}, "", link.getAttribute("href"));
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  });
})();
