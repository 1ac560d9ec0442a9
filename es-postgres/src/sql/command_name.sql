SELECT c.name
FROM :schema.commands c
WHERE c.stream = (SELECT s.id FROM :schema.streams s
                  WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $1) AND s.key = $2)
  AND c.command_id = $3
