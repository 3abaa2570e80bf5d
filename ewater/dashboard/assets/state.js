// What the server cannot reach: the language and theme of the document itself,
// its title, and the address of a view that was opened without a query.
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.ewater = {
  apply: function (state) {
    const root = document.documentElement;
    root.lang = state.lang;
    root.dataset.agThemeMode = state.theme;
    if (!window.location.search) {
      const query = new URLSearchParams({
        territory: state.territory,
        year: state.year,
        months: state.months.join("-"),
        boundary: state.boundary,
        measure: state.measure,
        level: state.level,
        lang: state.lang,
        theme: state.theme,
      });
      window.history.replaceState(null, "", "?" + query.toString());
    }
    return window.dash_clientside.no_update;
  },
};
