// The script of an exported page that has formulas: the only one its policy lets run.
import { typeset } from './mathml';

typeset(document);
