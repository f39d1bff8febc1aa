# Matrices outside the layers that are trained whole beside an adapter (PEFT's modules_to_save): the embedding, a vocabulary head of its own
# and its bias. They lie before the adapter in every flat vector: the first self.saved values, where w_at tells; what w has in their places
# counts for nothing. A tied head is the embedding, and its gradient is added there.

def wearing(self, w: List[Tensor], flat: Tensor) -> List[Tensor]:
    # The weights with those matrices in their places.
    if self.saved == 0:
        return w
    out = annotate(List[Tensor], [])
    out += w
    for j in [0, 4]:
        if self.w_at[j] >= 0:
            out[j] = flat.narrow(0, self.w_at[j], self.tokens * self.hidden_size).view([self.tokens, self.hidden_size])
    if self.w_at[5] >= 0:
        out[5] = flat.narrow(0, self.w_at[5], self.tokens)
    return out

def of_adapter(self, flat: Tensor) -> Tensor:
    # What of a flat vector is the adapter's.
    return flat if self.saved == 0 else flat.narrow(0, self.saved, flat.size(0) - self.saved)

def learned_at(self, j: int) -> int:
    # Where the gradient of w[j] lies, -1 where it has none.
    return self.w_at[j] if j < len(self.w_at) else -1
