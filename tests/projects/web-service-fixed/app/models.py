"""What the service talks about."""

from dataclasses import dataclass, field


@dataclass
class Line:
    article: str
    amount: int
    price: float


@dataclass
class Order:
    id: int
    customer: str
    currency: str = "EUR"
    lines: list[Line] = field(default_factory=list)

    @property
    def total(self) -> float:
        return sum(line.amount * line.price for line in self.lines)
