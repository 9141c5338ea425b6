"use strict";
// Progress without loading the page, and files that are dropped. Without this script the page loads itself again.
{
  const seconds = 2;

  const look = async () => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("progress");
      const present = document.getElementById("progress");
      if (answer.ok && (!next || next.dataset.run !== present.dataset.run)) {
        location.reload();
        return;
      }
      if (answer.ok) {
        const isOpen = present.querySelector("details")?.open;
        const hadFocus = present.contains(document.activeElement);
        if (!hadFocus) {
          present.replaceWith(next);
          if (isOpen && next.querySelector("details")) next.querySelector("details").open = true;
        }
      }
    } catch {
      // The service may be starting anew: look again.
    }
    setTimeout(look, seconds * 1000);
  };
  if (document.getElementById("progress")) setTimeout(look, seconds * 1000);

  for (const form of document.querySelectorAll("form.upload")) {
    const files = form.querySelector("input[type=file]");
    const bar = form.querySelector("progress");
    const status = form.querySelector(".sent");
    form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
    form.addEventListener("dragleave", () => form.classList.remove("over"));
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("over");
      if (event.dataTransfer.files.length) files.files = event.dataTransfer.files;
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      const sending = new XMLHttpRequest();
      button.disabled = true;
      bar.hidden = false;
      sending.upload.addEventListener("progress", (sent) => {
        const percent = sent.lengthComputable ? Math.floor((100 * sent.loaded) / sent.total) : 0;
        bar.value = percent;
        status.textContent = percent < 100 ? form.dataset.sent.replace("%(percent)s", percent) : form.dataset.checked;
      });
      const failed = () => {
        button.disabled = false;
        bar.hidden = true;
        status.textContent = form.dataset.failed;
      };
      sending.addEventListener("error", failed);
      sending.addEventListener("load", () => {
        if (sending.status < 400) {
          location.assign(sending.responseURL);
          return;
        }
        const page = new DOMParser().parseFromString(sending.responseText, "text/html");
        failed();
        const alert = page.querySelector("[role=alert]") || page.querySelector("main p");
        status.textContent = alert ? alert.textContent.trim() : form.dataset.failed;
      });
      sending.open("POST", form.action);
      sending.setRequestHeader("Accept", "text/html");
      sending.send(new FormData(form));
    });
  }
}
