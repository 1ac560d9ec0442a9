SELECT w.drawn, w.holders, w.in_doubt FROM :schema.watermark() w
