SELECT d.name, d.rejected
FROM :schema.decisions d
WHERE d.command_id = $3 AND d.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $1) AND d.key = $2
