// Lets Node import the page's modules: their types are taken away, nothing else.
import { register } from 'node:module';

register('./typescript.mjs', import.meta.url);
