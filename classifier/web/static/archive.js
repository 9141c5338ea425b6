"use strict";
// Files that are dropped, and how far their upload is. Without this script they are sent without a word.
{
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
