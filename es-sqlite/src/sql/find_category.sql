SELECT category FROM category_names WHERE name = ?1
