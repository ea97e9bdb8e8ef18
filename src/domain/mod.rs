//! What the product does; each public function is a sentence.
