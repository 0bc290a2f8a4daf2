import { html } from "../vendor/libraries.js";
export const Overview = () => html`<h1>Overview</h1>`;
