"""Speed: the product's whole path beside the raw floor on the same work, in the same run."""
