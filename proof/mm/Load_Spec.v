(** * Loading a vCPU on a CPU and putting it back (kcore/vm/vcpu.c): what the functions do, and who has the token *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Vm_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** The token of vCPU [i] of VM [h] has become [x]; nothing else that structure depends on has changed. *)
Record token_set (h i x : Z) (w1 w2 : world) : Prop := {
  ts_token : token w2 h i = x;
  ts_others : forall g j, ~ (g = h /\ j = i) -> token w2 g j = token w1 g j;
  ts_meta : w_meta w2 = w_meta w1;
  ts_ram : w_ram w2 = w_ram w1;
  ts_walk : w_walk w2 = w_walk w1;
  ts_tlb : w_tlb w2 = w_tlb w1 }.

(** What taking the lock leaves CPU [c]: all that it owns, and its own pages.  And what stays of its own without a vCPU:
    constants, its entry of [pcpu] but for [cells], its registers, its page of KServ's registers. *)
Definition owned (c : Z) (w w' : world) : Prop := (forall l, owns c w l -> w_mem w' l = w_mem w l) /\
  forall p i, own_page c w p -> w_ram w' p i = w_ram w p i.
Record own_but (c : Z) (cells : list ident) (w w' : world) : Prop := {
  ob_cells : forall d ix, class_of d = Percpu -> of_cpu c (d, ix) -> existsb (String.eqb d) cells = false ->
    w_mem w' (d, ix) = w_mem w (d, ix);
  ob_constants : forall l, class_of (fst l) = Constant -> w_mem w' l = w_mem w l;
  ob_page : 0 <= c < 8 -> forall i, w_ram w' (host_ctx w c) i = w_ram w (host_ctx w c) i }.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  (** The vCPU is there and nobody has it; this CPU has none. *)
  Definition may_load (h i : Z) (w : world) : Prop := vcpu_made w h i /\ token w h i = 0 /\ loaded_vm cpu w = 0.
  Definition spec_load_check (d : den) : Prop := forall L h i w, 0 <= cpu < 8 -> in_ty U64 h -> 0 <= i < 16 ->
    sec B unfrozen L w ->
    WP (d [cpu; h; i]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\ (v = KC_OK -> may_load h i w)) w.

  (** This CPU takes the token, and its entry names the vCPU. *)
  Definition loads (h i : Z) (w1 w2 : world) : Prop :=
    may_load h i w1 /\ token_set h i (cpu + 1) w1 w2 /\ loaded_vm cpu w2 = h /\ loaded_vcpu cpu w2 = i.
  (** Without the lock it has the vCPU then, or all that it had. *)
  Definition loaded_now (h i : Z) (w w' : world) : Prop := loaded_vm cpu w = 0 /\ 1 <= h <= 255 /\ 0 <= i < 16 /\
    token w' h i = cpu + 1 /\ loaded_vm cpu w' = h /\ loaded_vcpu cpu w' = i /\ own_but cpu ["pcpu.vm"; "pcpu.vcpu"] w w'.
  Definition spec_vcpu_load (d : den) : Prop := forall h i w, 0 <= cpu < 8 -> in_ty U64 h -> in_ty U64 i -> idle B w ->
    wp (kcore_all B cpu (mem_inv B)) (d [cpu; h; i]) (fun r w' =>
      (16 <= i /\ r = Some KC_ENOENT /\ w' = w \/ section B (atomic (loads h i)) r w') /\
      (r = Some KC_OK /\ loaded_now h i w w' \/ r <> Some KC_OK /\ owned cpu w w')) w.

  (** It gives the token of the vCPU that its entry names back. *)
  Definition puts (h i v : Z) (w1 w2 : world) : Prop := v = KC_OK /\ vcpu_made w1 h i /\ token w1 h i = cpu + 1 /\
    token_set h i 0 w1 w2 /\ loaded_vm cpu w2 = 0.
  Definition spec_vcpu_put (d : den) : Prop := forall w, 0 <= cpu < 8 -> own_ok cpu w -> idle B w ->
    wp (kcore_all B cpu (mem_inv B)) (d [cpu]) (fun r w' => loaded_vm cpu w = 0 /\ r = Some KC_ENOENT /\ w' = w \/
      loaded_vm cpu w <> 0 /\ section B (puts (loaded_vm cpu w) (loaded_vcpu cpu w)) r w' /\
      loaded_vm cpu w' = 0 /\ own_but cpu ["pcpu.vm"] w w') w.
End Specs.
