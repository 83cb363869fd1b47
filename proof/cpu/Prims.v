(** * The primitives of a CPU's registers, and its own objects, as the code uses them

    [does]: a primitive does what machine/Cpu.v says of it.  One statement for all of them. *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Prims Cpu_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** What a primitive that returns has answered. *)
Definition replied (c : Z) (x : doing) (res : option ity) (w : world) (r : option Z) : Prop :=
  match res with
  | None => r = None
  | Some t => match answer x with
              | Anything => exists v, r = Some (wrap t v)
              | Register q ix => r = Some (wrap t (w_mem w (reg c q ix)))
              | Never => False
              end
  end.

Section Prims.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).

  (** In calls on memory, and in all of KCore; the second is for what such calls leave alone. *)
  Definition does_in (m : bool) (f : ident) (n : nat) (res : option ity) (d : den) : Prop := forall args x w,
    List.length args = n -> doing_of B cpu f args = Some x -> secure B w -> needs x w ->
    wp (contract_of B cpu LI m) (d args)
      (fun r w' => answer x <> Never /\ replied cpu x res w r /\ w' = set_regs cpu (writes x) w) w.
  Definition does (f : ident) (n : nat) (res : option ity) (d : den) : Prop := forall args x w,
    List.length args = n -> doing_of B cpu f args = Some x -> secure B w -> needs x w -> forall m,
    wp (contract_of B cpu LI m) (d args)
      (fun r w' => answer x <> Never /\ replied cpu x res w r /\ w' = set_regs cpu (writes x) w) w.
  Definition does_all := does_in true.

  Lemma set_regs_secure l w : secure B w -> secure B (set_regs cpu l w).
  Proof. apply set_regs_keep with (B := B). intros l0 x w0 P _. apply percpu_secure, P. Qed.

  Lemma set_reg_secure x w : secure B w -> secure B (set_reg cpu x w).
  Proof. exact (set_regs_secure [x] w). Qed.

  Lemma does_in_ok m prims f ps res : prims f = Some {| s_params := ps; s_result := res |} -> cpu_primitive f = true ->
    paging f = false -> (m = false -> existsb (String.eqb f) not_for_memory = false) ->
    does_in m f (List.length ps) res (call_primitive prims f).
  Proof.
    intros E C Pg Q args x w L D S N. assert (Lc : local (ECall f args) w = false) by (apply local_not, Pg).
    eapply r_primitive; [exact E|symmetry; exact L|apply pre_intro; [exact Lc|intros M; split; [exact Lc|exact (Q M)]|]|].
    - intros w0 Bf. unfold before in Bf. rewrite cpu_unobserved in Bf by exact C. subst w0.
      rewrite cpu_effect_call by exact C. unfold cpu_effect. rewrite D. split; [exact N|].
      intros v w' [_ ->]. apply set_regs_secure, S.
    - intros v w' Ac. apply act_elim in Ac; [|exact Lc]. destruct Ac as (w0 & Bf & Ef).
      unfold before in Bf. rewrite cpu_unobserved in Bf by exact C. subst w0.
      rewrite cpu_effect_call in Ef by exact C. unfold cpu_effect in Ef. rewrite D in Ef. destruct Ef as [R ->].
      split; [intros X; rewrite X in R; exact R|]. split; [|reflexivity].
      unfold replied. cbn [s_result option_map]. destruct res as [t|]; [|reflexivity].
      destruct (answer x); cbn in R; [exists v; reflexivity|rewrite R; reflexivity|exact R].
  Qed.

  Lemma does_ok prims f ps res : prims f = Some {| s_params := ps; s_result := res |} -> cpu_primitive f = true ->
    paging f = false -> existsb (String.eqb f) not_for_memory = false ->
    does f (List.length ps) res (call_primitive prims f).
  Proof. intros E C Pg Q args x w L D S N m. exact (does_in_ok m prims f ps res E C Pg (fun _ => Q) args x w L D S N). Qed.

  (** The CPU's entry of [pcpu], its row of [last_ran]; constants. *)
  Section Objects.
  Context {m : bool}.
  Notation WP := (wp (contract_of B cpu LI m)).
  Lemma own_read {A} c ix t (k : Z -> prog A) (Q : A -> world -> Prop) w : may_read cpu w (c, ix) -> secure B w ->
    WP (k (wrap t (w_mem w (c, ix)))) Q w -> WP (Ev (ERead (c, ix)) (fun v => k (wrap t v))) Q w.
  Proof. apply read_cell. Qed.

  Lemma own_write {A} l x (k : Z -> prog A) (Q : A -> world -> Prop) w : class_of (fst l) = Percpu -> of_cpu cpu l ->
    tied (fst l) = false -> (m = true \/ existsb (String.eqb (fst l)) scratch_cells = true) -> secure B w -> (forall v,
      WP (k v) Q (write_cell B l x w)) -> WP (Ev (EWrite l x) k) Q w.
  Proof.
    intros P O T Cm S H. apply write_event; [split; [apply untied, T|rewrite P; exact O]| |apply percpu_secure; assumption|exact H].
    intros M. split; [reflexivity|]. left. rewrite P. destruct Cm as [Cm|Cm]; [congruence|exact Cm].
  Qed.
  End Objects.
End Prims.

(** A call of the primitive with [H : does .. (F "f")]; [S : secure B w]. *)
Ltac prim H S := eapply wp_mono; [eapply H; [reflexivity|reflexivity|first [exact S|repeat apply set_reg_secure; exact S]|
    cbn [needs]; try exact I]|
  cbv beta; cbn [answer writes set_regs fold_left fst snd]; unfold replied; cbn [answer];
  let r := fresh "r" in let w1 := fresh "w" in let N := fresh "N" in let R := fresh "R" in
  intros r w1 (N & R & ->); clear N; try (destruct R as (? & R)); subst r; reduce].
