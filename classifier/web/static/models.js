// The slider and the number of a threshold are one value.
for (const input of document.querySelectorAll("[data-follows]"))
  input.addEventListener("input", () => { document.getElementById(input.dataset.follows).value = input.value; });

// A schedule that nobody has set yet begins in the reader's time zone.
for (const select of document.querySelectorAll("select[data-of-reader]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...select.options].some((option) => option.value === zone)) select.value = zone;
}

// A backup that is being made shows up when it is there.
{
  const look = async () => {
    try {
      const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
      const found = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("backups");
      if (found && !("pending" in found.dataset)) {
        location.reload();
        return;
      }
    } catch {
      // The service may be starting anew: look again.
    }
    setTimeout(look, 2000);
  };
  if (document.querySelector("[data-pending]")) setTimeout(look, 2000);
}
