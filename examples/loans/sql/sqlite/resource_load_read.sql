SELECT resource, month, started, completed FROM es_resource_load.resource_load ORDER BY resource, month
