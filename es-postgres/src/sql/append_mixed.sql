-- Returns no row, and writes nothing, if the caller's name ids belong to another history: see
-- `registrations`.
SELECT b.answer
FROM (
    SELECT :schema.append_mixed($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
        AS answer
    OFFSET 0
) AS b
WHERE (b.answer).outcomes IS DISTINCT FROM '{another history}'
