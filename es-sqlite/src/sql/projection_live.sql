SELECT projection, build FROM es_live
