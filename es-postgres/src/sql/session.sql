-- The statements of the store are made for its indexes. Each is planned once on a connection, whatever the tables hold at that
-- moment: not again for each value of its parameters, and for no scan of a table that happens to be empty. Where there is no way
-- without a scan, the server believes that it is dear; it must not compile the statement for that.
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_sort = off;
SET jit = off
