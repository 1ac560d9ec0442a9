-- Sets the schemas in which names are looked up as they were, in the transaction with the token $2.
SELECT :schema.same_transaction($2), set_config('search_path', $1, true)
