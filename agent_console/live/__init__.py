"""The live feed: committed events become frames for those who may see them."""
