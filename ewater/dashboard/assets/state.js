// What the server cannot reach: the language and theme of the document itself,
// its title, and the address of a view that was opened without a query.
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.ewater = {
  apply: function (state, title) {
    const root = document.documentElement;
    if (state) {
      root.lang = state.lang;
      root.dataset.agThemeMode = state.theme;
      if (!window.location.search) {
        window.history.replaceState(null, "", state.query);
      }
    }
    if (typeof title === "string" && title) {
      document.title = title + " · ewater";
    }
    return window.dash_clientside.no_update;
  },
};
