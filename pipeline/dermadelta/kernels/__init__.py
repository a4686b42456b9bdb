"""Pure array maths: knows neither files nor the domain's types."""
