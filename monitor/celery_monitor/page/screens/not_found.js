/** Addresses that are no screen. */
import { html } from "../vendor/libraries.js";
import { number } from "../app/format.js";
import { screenPath } from "../app/places.js";
import { PageTitle } from "../parts/panel.js";
import { Empty } from "../parts/states.js";

/** The API takes no longer id or name. */
const LONGEST_NAME = 255;

export const isTooLong = (name) => [...name].length > LONGEST_NAME;

const Nowhere = ({ title, children }) => html`<${PageTitle}>Not found<//>
<div class="panel"><${Empty} icon="question" title=${title}>${children}<p><a href=${screenPath("overview")}>Go to the overview</a></p><//></div>`;

export const NotFound = () => html`<${Nowhere} title="The page has no such screen." />`;

export const NameTooLong = ({ item }) => html`<${Nowhere} title="The name in this address is too long.">
  <p>It has ${number([...item].length)} characters. An id or a name has at most ${LONGEST_NAME} characters here.</p>
<//>`;
