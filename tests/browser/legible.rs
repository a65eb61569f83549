//! A report fits its screen and can be read on it, in the light and in the dark.

use serde_json::{Value, json};

use crate::{reports, tab::Open};

#[test]
fn no_page_is_wider_than_a_phone() {
    for (name, report) in reports::all() {
        let Some(open) = Open::page(&report.url()) else { return };
        for width in [360, 768, 1280] {
            open.be_wide(width);
            open.value(
                "document.querySelectorAll('details').forEach(details => { details.open = true }) ?? 0",
            );
            let wide =
                open.value("[document.documentElement.scrollWidth, document.documentElement.clientWidth]");
            assert_eq!(wide[0], wide[1], "{name} at {width}");
            // Text in charts is drawn smaller on a small screen, and stays legible.
            let least = open.value(
                "Math.min(...[...document.querySelectorAll('svg.drawing')].map(svg => \
                 12 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width))",
            );
            assert!(least.as_f64().unwrap() >= 9.5, "{name} at {width}: {least} px");
        }
    }
}

#[test]
fn text_stands_out_from_what_it_stands_on() {
    for (name, report) in reports::all() {
        let Some(open) = Open::page(&report.url()) else { return };
        let mut grounds: Vec<Value> = Vec::new();
        for scheme in ["light", "dark"] {
            open.prefer(scheme);
            open.value(
                "document.querySelectorAll('details').forEach(details => { details.open = true }) ?? 0",
            );
            let weak = open.value(CONTRAST);
            assert_eq!(weak, json!([]), "{name}, {scheme}");
            grounds.push(open.value(
                "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]",
            ));
        }
        assert!(grounds[0][0] != grounds[1][0] && grounds[0][1] != grounds[1][1], "{name}: {grounds:?}");
    }
}

/// Texts whose contrast (WCAG 2) is below 4.5 to the ground they stand on, with what it is. Below a text in a chart lies its
/// card, and perhaps a band; that is tried with every ink a band has.
const CONTRAST: &str = "(() => {
  const parts = text => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parts(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const weak = new Set();
  const note = (element, colour, under) => {
    const found = contrast(colour, under);
    if (found < 4.5) weak.add(`${element.tagName} ${element.getAttribute('class')}: ${found.toFixed(2)}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('title, desc')) continue;
    const style = getComputedStyle(element);
    if (!element.closest('svg')) { note(element, parts(style.color), ground(element)); continue; }
    const card = ground(element.closest('figure')), colour = parts(style.fill);
    note(element, colour, card);
    for (const band of element.closest('svg').querySelectorAll('polygon.area')) {
      const ink = parts(getComputedStyle(band).fill), part = +getComputedStyle(band).opacity;
      note(element, colour, card.map((c, i) => c * (1 - part) + ink[i] * part));
    }
  }
  return [...weak];
})()";
