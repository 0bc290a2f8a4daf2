/** An address that is no screen. */
import { html } from "../vendor/libraries.js";
import { screenPath } from "../app/places.js";
import { PageTitle } from "../parts/panel.js";
import { Empty } from "../parts/states.js";

export const NotFound = () => html`<${PageTitle}>Not found<//>
<div class="panel"><${Empty} icon="question" title="The page has no such screen."><a href=${screenPath("overview")}>Go to the overview</a><//></div>`;
