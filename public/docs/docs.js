/** Reads /openapi.json and shows it: everything on this page comes from this host, and calls go to it alone. */

import { element } from "./element.js";
import { markdown } from "./markdown.js";
import { schemaRows } from "./schema.js";

const token = document.querySelector("#token");
token.value = sessionStorage.getItem("token") ?? "";
token.addEventListener("input", () => sessionStorage.setItem("token", token.value.trim()));

const main = document.querySelector("#main");
const contents = document.querySelector("#contents");
function show(api) {
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = api.tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    contents.append(element("strong", {}, name), ...own.map(link));
    return element("section", {}, element("h2", {}, name), ...own.map((one) => endpoint(api, one)));
  });
  main.replaceChildren(element("section", {}, ...markdown(api.info.description)), ...sections);
  openNamed();
  addEventListener("hashchange", openNamed);
}

const link = ({ method, path, operation }) =>
  element("a", { href: `#${operation.operationId}`, title: operation.summary }, `${method} ${path}`);

function openNamed() {
  const named = document.getElementById(location.hash.slice(1));
  if (named) named.open = true;
  named?.scrollIntoView();
}

function endpoint(api, { method, path, operation }) {
  const heading = element(
    "summary",
    {},
    element("span", { className: "method" }, method),
    element("code", {}, path),
    ` ${operation.summary}`,
  );
  const body = operation.requestBody?.content["application/json"];
  const inputs = (operation.parameters ?? []).map(({ name, schema, required }) => ({ name, schema, required }));
  const fields = body ? schemaRows(api, body.schema) : inputs.flatMap((one) => schemaRows(api, one.schema, one));
  const success = operation.responses[200].content["application/json"];
  const content = element(
    "div",
    {},
    ...markdown(operation.description),
    operation.security ? element("p", {}, "No token is needed.") : "",
    ...titled("Input", fields.length > 0 && table(["field", "type", ""], fields)),
    ...titled("Answer", element("pre", {}, JSON.stringify(success.example, null, 2))),
    ...titled("Its fields", table(["field", "type", ""], schemaRows(api, success.schema))),
    ...titled("Errors", table(["HTTP", "when"], errorRows(api, operation))),
    ...titled("Try it", form({ method, path, operation, body })),
  );
  return element("details", { id: operation.operationId }, heading, content);
}

const titled = (title, shown) => (shown ? [element("h4", {}, title), shown] : []);

const table = (heads, rows) =>
  element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", {}, head)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell))))),
  );

const errorRows = (api, { responses }) =>
  Object.entries(responses)
    .filter(([status]) => status !== "200")
    .map(([status, { $ref }]) => [
      status,
      api.components.responses[$ref.split("/").at(-1)].description.replaceAll("`", ""),
    ]);

function form({ method, path, operation, body }) {
  const parameters = (operation.parameters ?? []).map(({ name, required, example }) => {
    const input = element("input", { name, value: example ?? "", required: Boolean(required) });
    return element("label", {}, `${name} `, input, " ");
  });
  const text = body && element("textarea", { spellcheck: false, ariaLabel: "Body" });
  if (text) text.value = JSON.stringify(body.example, null, 2);
  const output = element("pre", { hidden: true });
  output.setAttribute("role", "status");
  const shown = element("form", {}, ...parameters, text ?? "", element("button", {}, "Send"), output);
  shown.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = [...new FormData(shown)].filter(([, value]) => value !== "");
    output.hidden = false;
    output.textContent = "…";
    output.textContent = await send(
      method,
      given.length > 0 ? `${path}?${new URLSearchParams(given)}` : path,
      text?.value,
    );
  });
  return shown;
}

async function send(method, address, body) {
  const headers = { ...(token.value && { authorization: `Bearer ${token.value.trim()}` }) };
  if (body !== undefined) headers["content-type"] = "application/json";
  try {
    const answer = await fetch(address, { method, headers, body });
    const told = await answer.text();
    return `HTTP ${answer.status}\n${pretty(told)}`;
  } catch (error) {
    return `The call failed: ${error.message}`;
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  show(await answer.json());
} catch (error) {
  main.replaceChildren(element("p", { className: "failed" }, `The description cannot be read: ${error.message}`));
}
