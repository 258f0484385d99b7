import { mount } from "svelte";
import App from "./App.svelte";
import { placeOf } from "./place";
import "./style.css";

const target = document.getElementById("page");
if (target !== null) mount(App, { target, props: { place: placeOf(window.location) } });
