"use strict";
const search = document.getElementById("search");
const found = document.getElementById("found");
const stories = [...document.querySelectorAll("#stories > .story")].map(story => ({
  story,
  text: (story.querySelector(":scope > summary") ?? story).textContent.toLowerCase(),
}));
const show = () => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const { story, text } of stories) story.hidden = !words.every(word => text.includes(word));
  const shown = stories.filter(({ story }) => getComputedStyle(story).display !== "none").length;
  found.textContent = shown === stories.length ? "" : `${shown} of ${stories.length} shown`;
};
document.getElementById("search-label").hidden = false;
search.addEventListener("input", show);
document.querySelector(".filter").addEventListener("change", show);
show();
