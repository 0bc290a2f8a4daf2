/** The side bar of a desktop, and the bar at the bottom of a phone. */
import { html, useState } from "../vendor/libraries.js";
import { menu } from "../app/menu.js";
import { screenPath } from "../app/places.js";
import { place } from "../app/router.js";
import { identity, logout } from "../app/session.js";
import { dark, switchTheme } from "../app/theme.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icons.js";

const Item = ({ entry, count }) => {
  const current = place.value.screen === entry.screen;
  return html`<a href=${screenPath(entry.screen)} class=${entry.phone ? "" : "wide"} aria-current=${current ? "page" : undefined}>
    <${Icon} name=${entry.screen} size=${17} /><span>${entry.name}</span>${count ? html`<b class="count" title=${count.title}>${count.number}<span class="visually-hidden"> ${count.title}</span></b>` : ""}
  </a>`;
};

const ThemeButton = () => html`<button type="button" class="icon-button" onClick=${switchTheme} aria-label=${dark.value ? "Use light colours" : "Use dark colours"} title=${dark.value ? "Use light colours" : "Use dark colours"}>
  <${Icon} name=${dark.value ? "sun" : "moon"} />
</button>`;

const LogoutButton = () => html`<button type="button" class="icon-button" onClick=${logout} aria-label="Log out" title="Log out"><${Icon} name="leave" /></button>`;

const Who = () => html`<span class="who"><span class="name" title=${identity.value.name}>${identity.value.name}</span><span class="soft">${identity.value.role}</span></span>`;

/** @param {{counts: Record<string, {number: number, title: string}>, subtitle: string, onHelp: () => void}} options */
export function Navigation({ counts, subtitle, onHelp }) {
  const [open, setOpen] = useState(false);
  const others = menu.value.filter((entry) => !entry.phone);
  const inMore = others.some((entry) => entry.screen === place.value.screen);
  return html`<nav aria-label="Screens">
    <a class="brand wide" href=${screenPath("overview")}><span class="mark"><${Icon} name="overview" size=${18} /></span><span class="brand-text"><span>Celery monitor</span><small title=${subtitle}>${subtitle}</small></span></a>
    ${menu.value.map((entry) => html`<${Item} key=${entry.screen} entry=${entry} count=${counts[entry.screen]} />`)}
    <button type="button" class="more-button" aria-haspopup="dialog" aria-current=${inMore ? "page" : undefined} onClick=${() => setOpen(true)}><${Icon} name="more" size=${17} /><span>More</span></button>
    <div class="end wide">
      <${Who} />
      <span class="buttons"><button type="button" class="icon-button" onClick=${onHelp} aria-label="Keys" title="Keys: ?"><${Icon} name="question" /></button><${ThemeButton} /><${LogoutButton} /></span>
    </div>
    ${open && html`<${Dialog} title="More" onClose=${() => setOpen(false)}>
      <div class="menu">${others.map((entry) => html`<a key=${entry.screen} href=${screenPath(entry.screen)} onClick=${() => setOpen(false)}><${Icon} name=${entry.screen} /><span>${entry.name}</span>${counts[entry.screen] && html`<b class="count">${counts[entry.screen].number}</b>`}</a>`)}</div>
      <div class="menu-end"><${Who} /><span class="buttons"><${ThemeButton} /><${LogoutButton} /></span></div>
    <//>`}
  </nav>`;
}
