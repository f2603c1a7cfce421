/* The set-up page works without this. It saves round trips: copying, going on, adding and moving rows, fields of a step. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const page = document.querySelector(".jitprov-setup") ?? document.body;
  const words = page.querySelector("template[data-words]")?.dataset ?? {};
  const live = page.querySelector(".jitprov-live");
  const form = page.querySelector("#jitprov-configuration");

  const say = (text) => {
    if (!live) return;
    live.textContent = text;
    window.setTimeout(() => { if (live.textContent === text) live.textContent = ""; }, 3000);
  };
  const button = (label, text) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text ?? label;
    if (text) made.setAttribute("aria-label", label);
    return made;
  };

  // Copying

  const copy = async (source) => {
    window.getSelection().selectAllChildren(source);
    if (navigator.clipboard) return navigator.clipboard.writeText(source.textContent);
    if (!document.execCommand("copy")) throw new Error("not copied");
  };
  for (const copier of page.querySelectorAll("[data-copy]")) {
    copier.hidden = false;
    copier.addEventListener("click", async () => {
      try {
        await copy(document.getElementById(copier.dataset.copy));
        say(copier.dataset.copied);
      } catch { /* It is selected, so that it can be copied by hand. */ }
    });
  }

  page.querySelector("[data-focus]")?.focus();
  if (!form) return;

  // Sections

  const open = (name) => {
    const section = document.getElementById(name);
    const part = section?.closest(".jitprov-part");
    if (!part) return null;
    part.querySelector(":scope > details").open = true;
    return section;
  };
  for (const next of page.querySelectorAll("[data-next]")) {
    next.addEventListener("click", (event) => {
      const section = open(next.dataset.next);
      if (!section) return;
      event.preventDefault();
      section.scrollIntoView({ block: "start" });
      section.querySelector(".jitprov-body :is(input:not([type=hidden]), button, select, a)")?.focus({ preventScroll: true });
    });
  }
  window.addEventListener("hashchange", () => open(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView());

  // Nothing that was typed gets lost

  let dirty = "dirty" in page.dataset;
  // What was sent and not answered, as after a session that has ended, can be sent again. Only in this tab.
  // One for all pages that show this form: what was sent from one may be answered at another.
  const place = `jitprov:${new URL(form.action).pathname}`;
  const kept = window.sessionStorage.getItem(place);
  window.sessionStorage.removeItem(place);
  const isAnswer = "answer" in page.dataset || page.querySelector(".jitprov-note[role=status]");
  const offer = page.querySelector("[data-kept]");
  if (kept && !isAnswer && offer) {
    offer.hidden = false;
    offer.querySelector("button").addEventListener("click", () => {
      const again = document.createElement("form");
      again.method = "post";
      again.action = form.action;
      for (const [name, value] of [...JSON.parse(kept), ["csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value]]) {
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = name;
        field.value = value;
        again.append(field);
      }
      document.body.append(again);
      again.submit();
    });
  }
  form.addEventListener("submit", (event) => {
    const isText = ([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken" && name !== "preview-pasted";
    const fields = [...new FormData(form)].filter(isText);
    fields.push(["_add", event.submitter?.name === "_save" ? event.submitter.value : "kept"]);
    try {
      window.sessionStorage.setItem(place, JSON.stringify(fields));
    } catch { /* It is full: then nothing is offered. */ }
  });

  let leaves = false;
  form.addEventListener("input", () => { dirty = true; });
  form.addEventListener("submit", () => { leaves = true; });
  window.addEventListener("beforeunload", (event) => { if (dirty && !leaves) event.preventDefault(); });
  for (const other of page.querySelectorAll("form")) {
    if (other === form) continue;
    other.addEventListener("submit", (event) => {
      if (dirty && !window.confirm(page.dataset.unsaved)) event.preventDefault(); else leaves = true;
    });
  }

  // Rows

  const fieldsNow = () => form.querySelectorAll("[name]").length;
  const isFull = (more) => {
    const most = Number(page.dataset.mostFields);
    const full = most > 0 && fieldsNow() + more > most;
    if (full) say(page.dataset.tooMany);
    return full;
  };
  const cloned = (template, from, to) => {
    const holder = document.createElement("template");
    holder.innerHTML = template.innerHTML.replaceAll(from, to);
    return holder.content;
  };
  const rowsOf = (table) => [...table.querySelectorAll(":scope > [data-row]")];

  const renumber = (table) => {
    rowsOf(table).forEach((row, index) => {
      const number = row.querySelector("[data-number]");
      if (number) number.textContent = String(index + 1);
      const position = row.querySelector(".field-position input");
      if (position) position.value = String(index + 1);
    });
  };
  const move = (row, by) => {
    const table = row.parentElement;
    const rows = rowsOf(table);
    const other = rows[rows.indexOf(row) + by];
    if (!other) return;
    if (by < 0) table.insertBefore(row, other); else table.insertBefore(other, row);
    renumber(table);
    dirty = true;
    say(words.moved);
  };

  const prepareRow = (row) => {
    const end = row.querySelector(".jitprov-buttons");
    if (row.querySelector(".field-position") && end) {
      const up = button(words.up, "↑");
      const down = button(words.down, "↓");
      up.addEventListener("click", () => { move(row, -1); up.focus(); });
      down.addEventListener("click", () => { move(row, 1); down.focus(); });
      end.append(up, down);
    }
    row.querySelector("[data-update]")?.remove();
    const sources = row.querySelector(".field-sources textarea");
    if (sources) prepareSources(sources);
    const remove = row.querySelector("[name$='-DELETE']");
    const mark = () => row.toggleAttribute("data-removed", Boolean(remove?.checked));
    remove?.addEventListener("change", mark);
    mark();
    row.querySelectorAll("[data-step]").forEach(prepareStep);
  };

  // An input with suggestions: a list of lines can have none of its own.
  const prepareSources = (sources) => {
    const input = document.createElement("input");
    input.type = "text";
    input.setAttribute("list", "jitprov-known-claims");
    input.placeholder = words.addClaim;
    input.setAttribute("aria-label", words.addClaim);
    const take = () => {
      const name = input.value.trim();
      if (!name) return;
      const lines = sources.value.split("\n").map((line) => line.trim()).filter(Boolean);
      if (!lines.includes(name)) lines.push(name);
      sources.value = lines.join("\n");
      input.value = "";
      dirty = true;
    };
    input.addEventListener("change", take);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); take(); }
    });
    sources.after(input);
  };

  // Steps

  const fillStep = (step, name) => {
    const select = step.querySelector("select");
    const prefix = select.name.replace(/-step$/, "");
    const template = page.querySelector(`template[data-step-template="${name}"]`);
    const fresh = cloned(template, "__step__", prefix).querySelector("[data-parameters]");
    step.querySelector("[data-parameters]").replaceWith(fresh);
  };
  const prepareStep = (step) => {
    const select = step.querySelector("select");
    if (!select) return;
    select.addEventListener("change", () => fillStep(step, select.value));
    const remove = button(words.removeStep, "×");
    remove.addEventListener("click", () => {
      const next = step.closest("[data-row]")?.querySelector("[data-add-step]");
      step.remove();
      dirty = true;
      next?.focus();
    });
    step.querySelector(".jitprov-cells").append(remove);
  };
  const addStep = (row) => {
    const steps = row.querySelector("[data-steps]");
    const prefix = steps.dataset.steps;
    const used = [...steps.querySelectorAll("select[name$='-step']")]
      .map((select) => Number(select.name.slice(prefix.length + 1, -"-step".length)));
    const free = Math.max(-1, ...used) + 1;
    if (used.length >= 10 || free >= 100 || isFull(2)) return say(page.dataset.tooMany);
    const template = page.querySelector('template[data-step-template=""]');
    steps.append(cloned(template, "__step__", `${prefix}-${free}`));
    const step = steps.lastElementChild;
    prepareStep(step);
    dirty = true;
    step.querySelector("select").focus();
  };

  const addRow = (name) => {
    const template = page.querySelector(`template[data-row-template="${name}"]`);
    const total = form.querySelector(`[name="${name}-TOTAL_FORMS"]`);
    const most = Number(form.querySelector(`[name="${name}-MAX_NUM_FORMS"]`)?.value ?? 1000);
    const number = Number(total.value);
    if (number >= most || isFull(template.content.querySelectorAll("[name]").length)) {
      return say(page.dataset.tooMany);
    }
    const table = page.querySelector(`[data-table="${name}"]`);
    table.querySelector(".jitprov-empty")?.remove();
    table.append(cloned(template, "__prefix__", String(number)));
    total.value = String(number + 1);
    const row = table.lastElementChild;
    row.querySelectorAll("[data-number]").forEach((one) => { one.textContent = String(rowsOf(table).length); });
    prepareRow(row);
    dirty = true;
    row.querySelector("textarea, input:not([type=hidden]), select")?.focus();
    say(words.added);
  };

  page.querySelectorAll("[data-row]").forEach(prepareRow);
  form.addEventListener("click", (event) => {
    const adder = event.target.closest("[data-add]");
    const stepper = event.target.closest("[data-add-step]");
    if (!adder && !stepper) return;
    event.preventDefault();
    if (adder) addRow(adder.dataset.add); else addStep(stepper.closest("[data-row]"));
  });
});
