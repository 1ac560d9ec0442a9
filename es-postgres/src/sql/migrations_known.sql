-- The encoding of the database, and whether schema $1 has a table of migrations. Every role can read the
-- catalogs.
SELECT current_setting('server_encoding') AS encoding,
       EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'migrations') AS found
