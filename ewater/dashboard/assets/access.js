// What the server refuses is said on the page, which keeps its last view; who is no
// longer signed in goes to the sign-in and comes back here.
(function () {
  const ask = window.fetch.bind(window);
  const SAID = [400, 403, 413, 429, 500, 503];
  function banner() {
    let found = document.getElementById("refusal");
    if (!found) {
      found = document.createElement("div");
      found.id = "refusal";
      found.className = "refusal";
      found.setAttribute("role", "alert");
      found.hidden = true;
      document.body.append(found);
    }
    return found;
  }
  window.fetch = async function (resource, options) {
    const answer = await ask(resource, options);
    const address = typeof resource === "string" ? resource : resource.url || "";
    if (!address.includes("_dash-update-component")) return answer;
    if (answer.status === 401) {
      const here = window.location.pathname + window.location.search;
      window.location.assign("/login?next=" + encodeURIComponent(here));
    } else if (SAID.includes(answer.status)) {
      const said = await answer.clone().json().catch(() => ({}));
      banner().textContent = said.error || answer.statusText;
      banner().hidden = false;
    } else if (answer.ok && document.getElementById("refusal")) {
      banner().hidden = true;
    }
    return answer;
  };
})();
