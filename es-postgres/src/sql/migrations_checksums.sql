SELECT ARRAY(SELECT encode(sha256(convert_to(f.sql, 'UTF8')), 'hex') FROM unnest($1::text[]) WITH ORDINALITY AS f (sql, at) ORDER BY f.at)
