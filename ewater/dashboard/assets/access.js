// Every view has a name, which its requests carry; once it is left the server is told
// and ends what is still asked for it (dashboard/leaving.py).
window.ewaterView = (function () {
  const random = window.crypto.getRandomValues(new Uint8Array(16));
  const page = Array.from(random, (b) => b.toString(16).padStart(2, "0")).join("");
  const under_way = new Map(); // what ends each request, by the name of its view
  let number = 0;
  let shown = null;
  const name = () => page + "-" + number;

  // A browser opens few connections to a host: what is asked in vain gives its own up
  // first, or the leaving would wait behind it.
  function leave() {
    const given_up = under_way.get(name());
    if (!given_up) return;
    given_up.forEach((request) => request.abort());
    navigator.sendBeacon("/leave", name());
  }

  function stateOf(body) {
    // only what is asked of a state belongs to its view
    try {
      const asked = JSON.parse(body).inputs.flat();
      return asked.find((one) => one.id === "state" && one.property === "data");
    } catch {
      return undefined;
    }
  }

  // Name for a request; the view before is left where this is of another.
  function named(body) {
    const state = stateOf(body);
    if (!state || !state.value) return "";
    const asked = window.location.pathname + state.value.query + state.value.seen;
    if (shown !== null && asked !== shown) {
      leave();
      number += 1;
    }
    shown = asked;
    return name();
  }

  function begun(view) {
    const request = new AbortController();
    if (!under_way.has(view)) under_way.set(view, new Set());
    under_way.get(view).add(request);
    return request;
  }

  function ended(view, request) {
    const others = under_way.get(view);
    others.delete(request);
    if (!others.size) under_way.delete(view);
  }

  window.addEventListener("pagehide", leave);
  return { named: named, begun: begun, ended: ended };
})();

// What the server refuses is said on the page, which keeps its last view; who is no
// longer signed in goes to the sign-in and comes back here.
(function () {
  const ask = window.fetch.bind(window);
  const SAID = [400, 403, 413, 429, 500, 503, 504];
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
  async function asked(view, resource, options) {
    const headers = new Headers(options.headers);
    headers.set("X-Ewater-View", view);
    const request = window.ewaterView.begun(view);
    try {
      return await ask(resource, { ...options, headers: headers, signal: request.signal });
    } catch (error) {
      if (!request.signal.aborted) throw error;
      return new Response(null, { status: 204 }); // as the server answers for a left view
    } finally {
      window.ewaterView.ended(view, request);
    }
  }
  let refused = 0; // when a refusal was last said
  window.fetch = async function (resource, options) {
    const sent = performance.now();
    const address = typeof resource === "string" ? resource : resource.url || "";
    if (!address.includes("_dash-update-component")) return ask(resource, options);
    const view = window.ewaterView.named((options || {}).body);
    const answer = await (view ? asked(view, resource, options) : ask(resource, options));
    if (answer.status === 401) {
      const here = window.location.pathname + window.location.search;
      window.location.assign("/login?next=" + encodeURIComponent(here));
    } else if (SAID.includes(answer.status)) {
      const said = await answer.clone().json().catch(() => ({}));
      banner().textContent = said.error || answer.statusText;
      banner().hidden = false;
      refused = performance.now();
    } else if (answer.ok && sent > refused && document.getElementById("refusal")) {
      banner().hidden = true;
    }
    return answer;
  };
})();
