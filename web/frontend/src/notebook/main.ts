// The notebook page: the application with the pool panel.
import { pool } from '../pool';
import { schema } from '../pool/schema';
import '../pool/pool.css';
import { start } from './app';
import { addSchema } from './settings';

addSchema(pool.id, schema);
void start([pool]);
