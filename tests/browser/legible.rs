//! A report fits its screen and is legible on it, in light and dark mode.

use serde_json::{Value, json};

use crate::{reports, tab::Open};

const OPEN_ALL: &str =
    "document.querySelectorAll('details').forEach(details => { details.open = true }) ?? 0";

#[test]
fn no_page_is_wider_than_a_phone() {
    for (name, report) in reports::all() {
        let Some(open) = Open::page(&report.url()) else { return };
        for width in [360, 390, 768, 1280] {
            open.be_wide(width);
            open.value(OPEN_ALL);
            let wide =
                open.value("[document.documentElement.scrollWidth, document.documentElement.clientWidth]");
            assert_eq!(wide[0], wide[1], "{name} at {width}");
            assert_eq!(open.value(CUT), json!([]), "{name} at {width}");
        }
    }
}

/// The errors in the labels of charts: smaller than 11 pixels, outside the chart's card, in a box that scrolls, or
/// overlapping another label of the same axis.
const CUT: &str = "(() => {
  const wrong = [];
  for (const svg of document.querySelectorAll('svg.drawing')) {
    const card = svg.parentElement.parentElement.getBoundingClientRect();
    for (let e = svg; e; e = e.parentElement) if (e !== document.documentElement && e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX !== 'visible') wrong.push(`${svg.id} scrolls`);
    const texts = [...svg.querySelectorAll('text')].filter(text => getComputedStyle(text).display !== 'none' && text.textContent);
    const boxes = texts.map(text => [text, text.getBoundingClientRect()]).filter(([, box]) => box.width > 0);
    for (const [text, box] of boxes) {
      if (parseFloat(getComputedStyle(text).fontSize) < 11 || box.height < 11) wrong.push(`${text.textContent} is small`);
      if (box.left < card.left - 0.5 || box.right > card.right + 0.5 || box.top < card.top - 0.5 || box.bottom > card.bottom + 0.5) wrong.push(`${text.textContent} is cut`);
    }
    for (const kind of ['below', 'side', 'over']) {
      const row = boxes.filter(([text]) => text.classList.contains(kind)).map(([text, box]) => ({ text: text.textContent, box }));
      row.forEach((a, i) => row.slice(i + 1).forEach(b => {
        if (a.box.left < b.box.right && b.box.left < a.box.right && a.box.top + 2 < b.box.bottom && b.box.top + 2 < a.box.bottom) wrong.push(`${a.text} covers ${b.text}`);
      }));
    }
  }
  return [...new Set(wrong)];
})()";

#[test]
fn heads_of_columns_break_between_words_only() {
    for (name, report) in reports::all() {
        let Some(open) = Open::page(&report.url()) else { return };
        for width in [390, 1200] {
            open.be_wide(width);
            open.value(OPEN_ALL);
            let broken = open.value(
                "(() => {
                   const broken = [];
                   for (const head of document.querySelectorAll('thead th')) {
                     const walker = document.createTreeWalker(head, NodeFilter.SHOW_TEXT);
                     while (walker.nextNode()) for (const word of walker.currentNode.data.matchAll(/[A-Za-z0-9]+/g)) {
                       const range = document.createRange();
                       range.setStart(walker.currentNode, word.index);
                       range.setEnd(walker.currentNode, word.index + word[0].length);
                       if (range.getClientRects().length > 1) broken.push(word[0]);
                     }
                   }
                   return broken;
                 })()",
            );
            assert_eq!(broken, json!([]), "{name} at {width}");
        }
    }
}

#[test]
fn the_legend_lists_what_is_drawn_and_nothing_else() {
    for (name, report) in reports::all() {
        let Some(open) = Open::page(&report.url()) else { return };
        let differing = open.value(
            "(() => {
               const kinds = (box, selector) => [...new Set([...box.querySelectorAll(selector)].map(e => e.tagName === 'use' ? `${e.getAttribute('href')} ${e.getAttribute('class')}` : e.getAttribute('class').replace('line line', 'line')))].sort();
               const differing = [];
               for (const figure of document.querySelectorAll('figure.chart')) {
                 const drawing = figure.querySelector('svg.drawing'), legend = figure.querySelector('.legend');
                 for (const selector of ['.line', 'use', '.area']) {
                   const [drawn, listed] = [kinds(drawing, selector), kinds(legend, selector)];
                   if (drawn.join() !== listed.join()) differing.push(`${figure.id}: drawn ${drawn}, listed ${listed}`);
                 }
                 if (!!drawing.querySelector('.mark') !== !!legend.querySelector('.pill')) differing.push(`${figure.id}: marks`);
               }
               return differing;
             })()",
        );
        assert_eq!(differing, json!([]), "{name}");
    }
}

#[test]
fn a_pointer_shows_values_in_every_chart() {
    for (name, report) in reports::all() {
        let Some(open) = Open::page(&report.url()) else { return };
        let silent = open.value(
            "[...document.querySelectorAll('figure.chart')].filter(figure => ![...figure.querySelectorAll('.drawing .hint title, .drawing use title')].some(title => /[0-9]/.test(title.textContent))).map(figure => figure.id)",
        );
        assert_eq!(silent, json!([]), "{name}");
    }
}

#[test]
fn text_has_enough_contrast_with_its_background() {
    for (name, report) in reports::all() {
        let Some(open) = Open::page(&report.url()) else { return };
        let mut grounds: Vec<Value> = Vec::new();
        for scheme in ["light", "dark"] {
            open.prefer(scheme);
            open.value(OPEN_ALL);
            let weak = open.value(CONTRAST);
            assert_eq!(weak, json!([]), "{name}, {scheme}");
            grounds.push(open.value(
                "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]",
            ));
        }
        assert!(grounds[0][0] != grounds[1][0] && grounds[0][1] != grounds[1][1], "{name}: {grounds:?}");
    }
}

/// Texts whose contrast (WCAG 2) with their background is below 4.5, with the background. The background of a text in a
/// chart is its card, and perhaps a band; every colour that a band can have is tried.
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
    const card = ground(element.closest('svg').parentElement), colour = parts(style.fill);
    note(element, colour, card);
    for (const band of element.closest('svg').querySelectorAll('rect.area')) {
      const ink = parts(getComputedStyle(band).fill), part = +getComputedStyle(band).opacity;
      note(element, colour, card.map((c, i) => c * (1 - part) + ink[i] * part));
    }
  }
  return [...weak];
})()";
