-- Into how many parts the projection is divided; 0 if it is inline, no row if it was never set up.
SELECT c.parts FROM :schema.checkpoints c WHERE c.projection = $1 AND c.rev = $2 LIMIT 1
