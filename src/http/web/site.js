// What pages do better with script than without; everything works without it.
"use strict";
(() => {
  const language = document.documentElement.lang;
  const all = (selector, work) => document.querySelectorAll(selector).forEach(work);

  // Times, in the reader's zone.
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
  all("time[datetime]", (time) => {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) return;
    if (time.title) time.title = exact.format(at);
    else time.textContent = exact.format(at);
  });

  // Buttons that copy what stands in another element.
  all("button[data-copy]", (button) => {
    const from = document.getElementById(button.dataset.copy);
    if (!from || !navigator.clipboard) return;
    const words = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(from.textContent.trim());
        button.textContent = button.dataset.copied;
      } catch {
        getSelection()?.selectAllChildren(from);
        return;
      }
      setTimeout(() => { button.textContent = words; }, 2500);
    });
  });

  // A code is sent as soon as it is whole, however it got into the field.
  all("input[data-length]", (field) => {
    const length = Number(field.dataset.length);
    field.addEventListener("input", () => {
      const code = field.value.replace(/[^0-9A-Za-z]/g, "").toUpperCase();
      if (code.length === length && field.form.checkValidity()) {
        field.value = code;
        field.form.requestSubmit();
      }
    });
  });

  // A button that waits before it may be used (again).
  all("button[data-wait]", (button) => {
    const words = button.textContent;
    let left = Number(button.dataset.wait);
    const tick = () => {
      button.disabled = left > 0;
      button.textContent = left > 0 ? `${words} (${left})` : words;
      if (left > 0) setTimeout(tick, 1000);
      left -= 1;
    };
    tick();
  });

  // A form is sent once; whoever comes back to the page may send it again.
  const sent = new Set();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (sent.has(form)) {
      event.preventDefault();
      return;
    }
    sent.add(form);
  });
  addEventListener("pageshow", () => sent.clear());

  // Steps that were ticked off, remembered in this browser where it lets us.
  all("input[data-tick]", (box) => {
    const key = `tick:${box.dataset.tick}`;
    try {
      box.checked = localStorage.getItem(key) !== null;
      box.addEventListener("change", () => {
        if (box.checked) localStorage.setItem(key, "");
        else localStorage.removeItem(key);
      });
    } catch {
      // It does not: they are ticked until the page is left.
    }
  });

  // Addresses that are checked while they are typed.
  all("[data-check-uris]", (field) => {
    const words = field.dataset.checkUris;
    field.addEventListener("input", () => {
      const lines = field.value.split(/\s+/).filter(Boolean);
      const good = (line) => {
        if (!URL.canParse(line) || line.includes("#")) return false;
        const url = new URL(line);
        if (url.protocol === "https:") return true;
        const local = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
        return url.protocol === "http:" ? local : url.protocol.includes(".");
      };
      const wrong = lines.find((line) => !good(line));
      field.setCustomValidity(wrong ? `${words} ${wrong}` : "");
    });
  });
})();
